#!/bin/sh
# gzip and the other compressors.  SPDX-License-Identifier: LGPL-2.1-or-later
t() { echo "\$ $*"; sh -c "$*"; echo "= $?"; }
seq 20000 > f; touch -d '2010-10-10 10:10:10 UTC' f
t 'gzip -c f | sha256sum; gzip -9 -n -c f | wc -c; gzip -1 -c f | gunzip | cmp - f'
t 'cp -p f g; gzip g; ls g*; gzip -l g.gz; gzip -t g.gz; stat -c %Y g.gz; zcat g.gz | tail -n 1'
t 'gunzip g.gz; cmp f g; stat -c %Y g; gzip -k g; ls g*; gzip g < /dev/null 2>/dev/null'
t 'gzip -f g; gzip -d -c g.gz | wc -l; echo garbage | gunzip 2>/dev/null; gzip nothing 2>/dev/null'
t 'cat g.gz g.gz | zcat | wc -l; head -c 1000 g.gz | zcat 2>/dev/null | head -n 1; zcmp g.gz g.gz; zdiff g.gz f'
t 'mkdir d; cp f d/x; gzip -r d; ls d; zgrep -c 7 d/x.gz; gzip -S .z -k f; ls *.z'
t 'bzip2 -c f | sha256sum; bzip2 -k f; bunzip2 -c f.bz2 | cmp - f; bzcat f.bz2 | head -n 1; bzip2 -t f.bz2'
t 'xz -T1 -c f | sha256sum; xz -k f; unxz -c f.xz | cmp - f; xz -l f.xz | wc -l; xzcat f.xz | tail -n 1'
t 'zstd -q -c f | zstd -d -c | cmp - f; zstd -q -k f; zstdcat f.zst | wc -l'
