#!/usr/bin/perl
# perl with files, pipes, subprocesses and signals.  SPDX-License-Identifier: LGPL-2.1-or-later
use strict;
use warnings;
use Fcntl qw(:DEFAULT :flock);
use POSIX qw(:sys_wait_h);
$| = 1;

open(my $f, '>', 'f') or die; print $f "line $_\n" for 1 .. 100; close $f;
open($f, '<', 'f') or die; my @lines = <$f>; close $f;
print "lines ", scalar @lines, " last $lines[-1]";
print "size ", -s 'f', " mode ", sprintf('%o', (stat 'f')[2] & 07777), "\n";
sysopen($f, 'f', O_RDWR) or die; seek $f, 5, 0; read $f, my $byte, 1; print "byte $byte\n";
flock($f, LOCK_EX) and print "locked\n"; truncate $f, 10; print "truncated ", -s 'f', "\n"; close $f;
mkdir 'd'; rename 'f', 'd/f'; symlink 'f', 'd/l'; link 'd/f', 'd/h';
opendir(my $d, 'd') or die; print join(' ', sort grep !/^\./, readdir $d), "\n"; closedir $d;
print 'readlink ', readlink('d/l'), ' links ', (stat 'd/f')[3], "\n";
utime 1000, 2000, 'd/f'; print 'mtime ', (stat 'd/f')[9], "\n";
print 'backticks ', `echo sub; exit 3`, 'status ', $? >> 8, "\n";
open(my $p, '-|', 'seq 1000') or die; my $sum = 0; $sum += $_ while <$p>; close $p; print "sum $sum\n";
open($p, '|-', 'tr a-z A-Z') or die; print $p "to upper\n"; close $p;
print 'system ', system('exit 5') >> 8, ' signal ', system('kill -9 $$') & 127, "\n";
pipe(my $r, my $w) or die; my $pid = fork;
if (!$pid) { close $r; print $w "from child\n"; exit 7 }
close $w; print "got ", <$r>; waitpid $pid, 0; print 'child ', $? >> 8, "\n";
{ my $n = 0; local $SIG{USR1} = sub { $n++ }; kill USR1 => $$ for 1 .. 3; print "signals $n\n" }
{ local $SIG{ALRM} = sub { die "alarm\n" }; eval { alarm 1; select undef, undef, undef, 100; }; print "eval $@" }
my @kids = map { my $k = fork; exit $_ unless $k; $k } 1 .. 5;
my $total = 0; for (@kids) { waitpid $_, 0; $total += $? >> 8 } print "total $total\n";
$pid = fork; if (!$pid) { sleep 1000; exit } print 'nohang ', waitpid($pid, WNOHANG), "\n"; kill TERM => $pid; waitpid $pid, 0; print 'termed ', $? & 127, "\n";
open(my $dup, '>&', \*STDOUT) or die; print $dup "dup\n"; close $dup;
print 'env ', $ENV{TZ}, ' ', (%ENV ? 'some' : 'none'), "\n";
print 'exec next', "\n"; exec 'sh', '-c', 'echo replaced; exit 4';
