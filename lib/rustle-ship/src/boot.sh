# The host's side of the bootstrap, behind place.sh, whose rules hold here, too.
#
# Arguments: token, wanted digest (or -), what to do with a cached copy (use: run it; check: run it when its digest is
# right; skip: ask), numbers of folders not to use, cleanup limit, whether the runner checks its own digest
# (self or -), then the runner's arguments.
# Says lines "RUSTLE <token> <word> ..."; after "ask" it reads one line: "run <digest>", "put <digest> <size>
# <bytes on the wire> raw|gzip", "clean <digest to keep>" or "bye".
t=$1 w=$2 c=$3 k=$4 z=$5 y=$6 j=runners; shift 6;
# Becomes the runner.
go() {
  f=$1; shift; say run "$f";
  case $y in self) exec "$f" --expect "${f##*/}" "$@";; esac;
  exec "$f" "$@";
};
# The common case: no process but this shell was started, and it becomes the runner.
if [ $c = use ]; then f=$HOME/.rustle/runners/$w; case $k in *1*) :;; *) [ -f "$f" ] && [ -x "$f" ] && [ -O "$f" ] && go "$f" "$@";; esac; fi;
u=$(id -u);
if [ $c = use ]; then find_one $w && go "$f" "$@"; fi;
if [ $c = check ] && find_one $w; then
  h=$(digest "$f");
  case $h in $w|"") go "$f" "$@";; *) say damaged "$f"; rm -f "$f";; esac;
fi;
say uname $(uname -s -r -m);
l=$(getconf GNU_LIBC_VERSION 2>/dev/null) || for q in /lib/ld-musl-*; do [ -e "$q" ] && l=musl; done;
say libc $l;
say uid $u;
say home "$HOME";
gzip -h >/dev/null 2>&1 && say gzip;
for i in 1 2 3 4 5 6; do place $i && ours $i && for q in "$d"/*; do [ -f "$q" ] && [ -x "$q" ] && say have "${q##*/}"; done; done;
say ask;
read -r a w s g e || exit 0;
case $a in
run) find_one $w && go "$f" "$@"; say gone; exit 0;;
put) :;;
clean)
  for i in 1 2 3 4 5 6; do
    for j in current deployments artifacts runners; do
      place $i && ours $i && no [ -h "$d" ] || continue;
      for q in "$d"/* "$d"/.new-* "$d"/.part-*; do
        case ${q##*/} in $w) continue;; esac;
        if [ -f "$q" ] || [ -h "$q" ]; then rm -f "$q" && say removed "$q"; fi;
      done;
      rmdir "$d" 2>/dev/null;
    done;
    place $i && ours $i && rmdir "$b/$n" 2>/dev/null;
  done;
  say cleaned; exit 0;;
*) exit 0;;
esac;
m=$(uname -n);
found=;
for i in 1 2 3 4 5 6; do
  place $i || continue;
  if prepare $i $s; then found=$i; break; fi;
  say no "$b/$n: $r";
  rmdir "$d" "$b/$n" 2>/dev/null;
done;
[ -n "$found" ] || { say nowhere; exit 0; };
receive $found;
ls -t "$d" | tail -n +$(($z + 1)) | while read -r q; do [ "$d/$q" -ef "$b/$n/current/rustle-runner" ] || rm -f "$d/$q"; done;
say stored $h;
go "$d/$w" "$@";
