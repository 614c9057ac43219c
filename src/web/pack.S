/* SPDX-License-Identifier: Apache-2.0 */
/* The page's files as read-only bytes. */
    .section .rodata
    .balign 16
    .globl web_assets_pack
    .hidden web_assets_pack
    .type web_assets_pack, %object
web_assets_pack:
    .incbin REMORA_UI_PACK
    .size web_assets_pack, . - web_assets_pack
    .byte 0
    .section .note.GNU-stack, "", %progbits
