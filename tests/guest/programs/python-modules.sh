#!/bin/sh
# python3 -c with modules of the standard library.  SPDX-License-Identifier: LGPL-2.1-or-later
p() { /usr/bin/python3 -c "$1"; echo "= $?"; }
p 'import json, re, collections; print(json.dumps({"a": [1, None, True]}), re.findall(r"\d+", "a1b22"), collections.Counter("hello").most_common(1))'
p 'import zlib, bz2, lzma, gzip; d = b"x" * 100000; print([len(m.decompress(m.compress(d))) for m in (zlib, bz2, lzma, gzip)])'
p 'import sqlite3; c = sqlite3.connect("db"); c.execute("create table t(a)"); c.executemany("insert into t values(?)", [(i,) for i in range(1000)]); c.commit(); print(c.execute("select sum(a) from t").fetchone())'
p 'import tarfile, io; t = tarfile.open("t.tar", "w"); i = tarfile.TarInfo("f"); i.size = 3; t.addfile(i, io.BytesIO(b"abc")); t.close(); print(tarfile.open("t.tar").getnames())'
p 'import threading; n = []; ts = [threading.Thread(target=n.append, args=(i,)) for i in range(20)]; [t.start() for t in ts]; [t.join() for t in ts]; print(sorted(n))'
p 'from concurrent.futures import ThreadPoolExecutor as E; print(sum(E(4).map(lambda x: x * x, range(100))))'
p 'import multiprocessing as m; print(m.Pool(3).map(abs, range(-5, 0)))'
p 'import asyncio
async def f(i):
    await asyncio.sleep(0.01 * (3 - i)); return i
async def main(): print(await asyncio.gather(*map(f, range(3))))
asyncio.run(main())'
p 'import ctypes; l = ctypes.CDLL(None); print(l.abs(-5), l.getpid() == __import__("os").getpid())'
p 'import os; print(os.sysconf("SC_PAGESIZE"), os.cpu_count(), len(os.sched_getaffinity(0)), os.getuid() == os.geteuid(), os.umask(0))'
p 'import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE), resource.getrusage(resource.RUSAGE_SELF).ru_utime >= 0)'
p 'import pwd, grp; print(pwd.getpwuid(0).pw_name, grp.getgrgid(0).gr_name)'
p 'import random, decimal, fractions, datetime, uuid; random.seed(1); print(random.randint(0, 999), decimal.Decimal(1) / 7, fractions.Fraction(3, 9), datetime.date(2024, 2, 29), uuid.UUID(int=5))'
p 'import shelve; s = shelve.open("sh"); s["k"] = [1]; s.close(); print(shelve.open("sh")["k"])'
p 'import inspect, ast, dis, this' | sha256sum
p 'import sys; sys.exit("message")'
p '1 / 0'
p 'import os, signal; os.kill(os.getpid(), signal.SIGSEGV)'
