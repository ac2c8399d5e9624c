#!/usr/bin/env python3
"""Links the vDSO and writes it as a C array.  SPDX-License-Identifier: LGPL-2.1-or-later"""
import subprocess
import sys

# The compiler's own words come last: "ccache gcc" is two.
source, script, include, image, output, *compiler = sys.argv[1:]

subprocess.run(
    compiler
    + ["-std=gnu11", "-O2", "-g0", "-fPIC", "-shared", "-nostdlib", "-ffreestanding", "-fno-stack-protector",
       "-fno-sanitize=all", "-fcf-protection=none", "-mno-sse", "-mgeneral-regs-only", "-fno-builtin",
       "-fno-strict-aliasing", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Wno-nonnull-compare", "-D_GNU_SOURCE", "-I" + include,
       "-Wl,-T," + script, "-Wl,-soname,linux-vdso.so.1", "-Wl,--hash-style=both", "-Wl,--build-id=none",
       "-Wl,--eh-frame-hdr", "-Wl,-z,noexecstack", "-Wl,-z,max-page-size=4096", "-Wl,-z,norelro", "-Wl,--no-undefined", "-Wl,-Bsymbolic",
       source, "-o", image],
    check=True)
with open(image, "rb") as f:
    data = f.read()
with open(output, "w") as f:
    f.write("/* Made from vdso.c by build-vdso.py. */\n#include \"loader/vdso-image.h\"\n")
    f.write("const unsigned char sentry_vdso_bytes[] = {\n")
    for i in range(0, len(data), 16):
        f.write("  " + " ".join("0x%02x," % b for b in data[i:i + 16]) + "\n")
    f.write("};\nconst unsigned long sentry_vdso_n_bytes = sizeof sentry_vdso_bytes;\n")
