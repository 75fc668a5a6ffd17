"""Makes a system call as a program of another architecture does, past a table of ours: ``... <number or i386>``."""

import ctypes
import mmap
import sys

KIND = sys.argv[5]

if KIND == "i386":
    code = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(bytes.fromhex("b814000000cd80c3"))  # mov eax, 20 (getpid); int 0x80; ret
    address = ctypes.addressof(ctypes.c_char.from_buffer(code))
    ctypes.CFUNCTYPE(ctypes.c_int)(address)()
else:
    ctypes.CDLL(None).syscall(ctypes.c_long(int(KIND, 16)))
