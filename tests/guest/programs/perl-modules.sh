#!/bin/sh
# perl -e with modules that load shared objects.  SPDX-License-Identifier: LGPL-2.1-or-later
perl -MDigest::SHA=sha256_hex -e 'print sha256_hex("abc"), "\n"'
perl -MList::Util=sum,shuffle -e 'print sum(1 .. 100), "\n"'
perl -MData::Dumper -e '$Data::Dumper::Sortkeys = 1; print Dumper({ a => [1, 2], b => { c => undef } })'
perl -MFile::Find -e 'my $n; find(sub { $n++ }, "/usr/include/linux"); print "$n\n"'
perl -MFile::Temp=tempfile -e 'my ($fh, $n) = tempfile(UNLINK => 1); print $fh "x"; close $fh; print -s $n, "\n"'
perl -MIPC::Open3 -e 'my $p = open3(my $in, my $out, undef, "cat"); print $in "echoed\n"; close $in; print <$out>; waitpid $p, 0; print $? >> 8, "\n"'
perl -MTime::HiRes=time,usleep -e 'my $t = time; usleep 20000; print time - $t >= 0.02 ? "slept\n" : "early\n"'
perl -MPOSIX -e 'print join(" ", (POSIX::uname())[0, 4]), " ", POSIX::strftime("%F", gmtime 0), " ", POSIX::getpid() == $$, "\n"'
perl -MStorable=freeze,thaw -e 'print thaw(freeze([1, [2, 3]]))->[1][1], "\n"'
perl -MThread::Queue -Mthreads -e 'print threads->create(sub { "thread " . $_[0] })->join eq "" ? "" : "joined\n"' 5 2>/dev/null
perl -pe 's/(\w+)/\u$1/g' /etc/issue | wc -l
perl -ne 'END { print "$.\n" }' /etc/passwd /etc/group
perl -e 'print sprintf("%.3f %s %s\n", atan2(1, 1) * 4, 2 ** 62, join ",", sort { $a <=> $b } 10, 9, 8)'
perl -e 'die "gone\n"' 2>/dev/null; echo $?
