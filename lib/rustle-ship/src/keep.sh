# The host's side of deployments, behind place.sh, whose rules hold here, too.
#
# Argument: token. Reads lines "<verb> <words>" and answers each with lines "RUSTLE <token> <word> ...", the last of
# which is "ok ..." or "bad <why>". Names, ids and digests are of letters, digits, dot, plus, dash and underscore; who
# sends them has looked.
t=$1 k=x j=artifacts i=;
u=$(id -u); m=$(uname -n);
gzip -h >/dev/null 2>&1 && say gzip;
say ok;
# Folder $1 in ours into p: made where it is not there; never a link, never of somebody else.
sub() {
  p=$b/$n/$1; r="$p is a link or belongs to another user";
  [ -h "$p" ] && return 1;
  [ -d "$p" ] || (umask 077; mkdir "$p") 2>/dev/null;
  [ -d "$p" ] || { r="$p cannot be made"; return 1; };
  [ -O "$p" ] || return 1;
};
# What link $1 leads to, by its last name, into c.
leads() { c=$(readlink "$b/$n/current/$1" 2>/dev/null); c=${c##*/}; c=${c:--}; };
free() { rm -f "$b/$n/.lock"; trap - 0 1 13 15; };
# Puts digest w, s bytes, into artifacts; $1: bytes that it has in common with what link $2 leads to, or with a runner.
put() {
  if [ -z "$i" ]; then find_one $w || i=; fi;
  if [ -n "$i" ]; then
    place $i; f=$d/$w;
    if [ -f "$f" ] && no [ -h "$f" ] && [ -x "$f" ] && [ -O "$f" ]; then
      h=$(digest "$f");
      case $h in $w|"") say have; say ok "$f"; return;; *) say damaged "$f"; rm -f "$f";; esac;
    fi;
    ours $i && prepare $i $s || { say bad "$b/$n: $r"; return; };
  else
    for i in 1 2 3 4 5 6; do
      place $i || continue;
      prepare $i $s && break;
      say no "$b/$n: $r"; rmdir "$d" "$b/$n" 2>/dev/null; i=;
    done;
    [ -n "$i" ] || { say bad no folder can take it; return; };
  fi;
  if [ $v = 0 ] && [ $1 -gt 0 ]; then
    for q in "$b/$n/current/$2" "$b/$n/runners"/*; do
      [ -f "$q" ] && [ -O "$q" ] || continue;
      o=$(wc -c < "$q"); o=$(($o));
      case $q in */current/*) [ $o -ge $1 ] || continue;; *) [ $o -eq $1 ] || continue;; esac;
      if head -c $1 "$q" > "$x" 2>/dev/null; then v=$1; else : > "$x"; fi;
      break;
    done;
  fi;
  receive $i;
  say ok "$d/$w";
};
while read -r a w s g e l c; do
  [ -n "$i" ] && place $i;
  case $a in
  open)
    i=;
    for q in 1 2 3 4 5 6; do if place $q && ours $q && [ -d "$b/$n/current" ] && no [ -h "$b/$n/current" ] && [ -O "$b/$n/current" ]; then i=$q; break; fi; done;
    say ok $i;;
  find) i=; j=runners; find_one $w || i=; j=artifacts; if [ -n "$i" ]; then say ok "$f"; else say bad not there; fi;;
  put) put $l $c;;
  *) if [ -z "$i" ]; then say bad nothing was deployed here; continue; fi;;
  esac;
  case $a in
  list)
    for q in "$b/$n/current"/*; do if [ -h "$q" ]; then leads "${q##*/}"; say current "${q##*/}" "$c"; fi; done;
    for q in "$b/$n/deployments"/*.json; do if [ -f "$q" ] && no [ -h "$q" ] && [ -O "$q" ] && read -r l < "$q"; then say manifest "$l"; fi; done;
    for q in "$b/$n/deployments"/*.undone; do [ -f "$q" ] && say undone "${q##*/}"; done;
    say ok;;
  lock)
    p=$b/$n/.lock; o=;
    while no [ "$o" = 1111111111111111111111111111 ]; do
      if ln -s "$m.$$" "$p" 2>/dev/null; then trap free 0; trap "free; exit 1" 1 13 15; say ok; o=; break; fi;
      h=$(readlink "$p" 2>/dev/null);
      case $h in "$m".*) kill -0 "${h##*.}" 2>/dev/null || rm -f "$p";; esac;
      o=1$o; say wait; sleep 1;
    done;
    [ -z "$o" ] || say bad "another deployment is at work ($p)";;
  unlock) free; say ok;;
  note)
    read -r l || exit 0;
    if sub deployments && rm -f "$p/.new-$t" && (umask 077; set -C; echo "$l" > "$p/.new-$t") 2>/dev/null && mv -f "$p/.new-$t" "$p/$w.json"; then say ok; else say bad "$r"; fi;;
  undo) if sub deployments && mv -f "$p/$w.json" "$p/$w.undone"; then say ok; else say bad "$r"; fi;;
  link)
    leads $w; f=$b/$n/$s/$g;
    if no [ "$c" = "$e" ]; then say bad "moved: $c is in force now";
    elif [ -h "$b/$n/$s" ] || [ -h "$f" ] || no [ -f "$f" ] || no [ -x "$f" ] || no [ -O "$f" ]; then say bad gone: "$f";
    else
      h=$(digest "$f");
      case $h in $g|"")
        if sub current; then
          q=$p/$w;
          if { [ -e "$q" ] && no [ -h "$q" ]; } || [ -d "$q" ]; then say bad "$q is in the way";
          elif rm -f "$p/.new-$t" && ln -s "../$s/$g" "$p/.new-$t" && mv -f "$p/.new-$t" "$q"; then say ok $h;
          else rm -f "$p/.new-$t"; say bad "$q cannot be changed"; fi;
        else say bad "$r"; fi;;
      *) rm -f "$f"; say bad gone: "$f was damaged";;
      esac;
    fi;;
  unlink) leads $w; if [ "$c" = "$s" ] && sub current && rm -f "$p/$w"; then say ok; else say bad "moved: $c is in force now"; fi;;
  drop) if sub $w && rm -f "$p/$s"; then say ok; else say bad "$r"; fi;;
  away) rmdir "$b/$n/current" "$b/$n/deployments" "$b/$n/artifacts" "$b/$n" 2>/dev/null; say ok;;
  esac;
done;
