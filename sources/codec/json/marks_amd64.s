#include "textflag.h"

DATA quotes<>+0(SB)/8, $0x2222222222222222
DATA quotes<>+8(SB)/8, $0x2222222222222222
GLOBL quotes<>(SB), RODATA|NOPTR, $16
DATA slashes<>+0(SB)/8, $0x5c5c5c5c5c5c5c5c
DATA slashes<>+8(SB)/8, $0x5c5c5c5c5c5c5c5c
GLOBL slashes<>(SB), RODATA|NOPTR, $16
DATA controls<>+0(SB)/8, $0x1f1f1f1f1f1f1f1f
DATA controls<>+8(SB)/8, $0x1f1f1f1f1f1f1f1f
GLOBL controls<>(SB), RODATA|NOPTR, $16

// func markBlocks(dst, src []byte) (high bool)
TEXT ·markBlocks(SB), NOSPLIT, $0-49
	MOVQ  dst_base+0(FP), DI
	MOVQ  src_base+24(FP), SI
	MOVQ  src_len+32(FP), CX
	MOVOU quotes<>(SB), X8
	MOVOU slashes<>(SB), X9
	MOVOU controls<>(SB), X10
	PXOR  X7, X7                // X7 |= every byte
	SHRQ  $4, CX
	JZ    done

block:
	MOVOU    (SI), X0
	MOVOU    X0, X1
	MOVOU    X0, X2
	MOVOU    X0, X3
	POR      X0, X7
	PCMPEQB  X8, X1             // quotes
	PCMPEQB  X9, X2             // backslashes
	PMINUB   X10, X3
	PCMPEQB  X0, X3             // min(b, 0x1f) = b: control characters
	POR      X2, X1
	POR      X3, X1
	PMOVMSKB X1, AX
	MOVW     AX, (DI)
	ADDQ     $16, SI
	ADDQ     $2, DI
	DECQ     CX
	JNZ      block

done:
	PMOVMSKB X7, AX             // the high bits
	TESTL    AX, AX
	SETNE    high+48(FP)
	RET
