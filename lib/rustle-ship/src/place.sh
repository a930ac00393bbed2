# What both scripts know of a host's folders, in POSIX sh. Read by script.rs, which strips comments and joins the lines
# into ONE line inside single quotes, for any login shell (sh, csh, fish): so no single quotes, no backslashes, no
# exclamation marks, and every command ends in a semicolon where a line ends.
#
# Variables: t token, k numbers of folders not to use, u the user's number, m the host's name, j which folder in ours
# (runners, artifacts).
say() { echo "RUSTLE $t $*"; };
no() { if "$@"; then return 1; fi; };
# Folder number $1 into b (what must exist), n (ours, in it), d (where files are).
place() {
  case $1 in
  1) b=$HOME n=.rustle;;
  2) b=$XDG_CACHE_HOME n=rustle;;
  3) b=/var/tmp n=.rustle-$u;;
  4) b=/tmp n=.rustle-$u;;
  5) b=/dev/shm n=.rustle-$u;;
  6) b=$XDG_RUNTIME_DIR n=.rustle;;
  esac;
  d=$b/$n/$j;
  case $k in *$1*) return 1;; esac;
  [ -n "$b" ];
};
# Whether folder number $1 is ours: never another user's, never a link in a folder that all may write to.
ours() {
  [ -d "$b/$n" ] && [ -O "$b/$n" ] || return 1;
  case $1 in 3|4|5) [ -k "$b" ] || return 1; if [ -h "$b/$n" ] || [ -h "$d" ]; then return 1; fi;; esac;
};
digest() {
  { sha256sum "$1" || shasum -a 256 "$1" || sha256 -q "$1" || busybox sha256sum "$1" || openssl dgst -sha256 -r "$1"; } 2>/dev/null | { read -r h r; echo "$h"; };
};
# Looks for digest $1 in the folders; the path into f.
find_one() {
  for i in 1 2 3 4 5 6; do
    place $i && f=$d/$1 && [ -f "$f" ] && [ -x "$f" ] && [ -O "$f" ] && ours $i && return 0;
  done;
  return 1;
};
# $1 bytes fit into what df said.
room() { [ "$5" -gt $(($1 / 1024 + 64)) ] 2>/dev/null && return 0; [ "$5" -ge 0 ] 2>/dev/null && return 1; return 0; };
# Makes folder number $1 usable for $2 bytes of digest w, or says in r why it is not. Leaves x, the file to write to,
# and v, how much an earlier upload, whose shell is gone, left in it.
prepare() {
  r="not there"; [ -d "$b" ] || { [ $1 = 2 ] && mkdir -p "$b" 2>/dev/null; } || return 1;
  (umask 077; mkdir "$b/$n") 2>/dev/null;
  r="not writable"; [ -d "$b/$n" ] || return 1;
  r="belongs to another user or is a link"; ours $1 || return 1;
  chmod 700 "$b/$n" 2>/dev/null;
  (umask 077; mkdir "$d") 2>/dev/null;
  case $j in artifacts) r="$d is a link or belongs to another user"; if [ -h "$d" ]; then return 1; fi; if [ -d "$d" ]; then [ -O "$d" ] || return 1; fi;; esac;
  r="not writable"; [ -d "$d" ] && [ -w "$d" ] || return 1;
  x=$d/.part-$w.$m.$$;
  rm -f "$x";
  r=$( (umask 077; set -C; : > "$x") 2>&1) || { r="not writable"; return 1; };
  chmod 700 "$x"; "$x" 2>/dev/null || { rm -f "$x"; r="no execution (noexec)"; return 1; };
  for q in "$d/.part-$w.$m."*; do
    if [ "$q" = "$x" ] || [ -h "$q" ] || no [ -f "$q" ] || no [ -O "$q" ] || kill -0 "${q##*.}" 2>/dev/null; then continue; fi;
    mv -f "$q" "$x" 2>/dev/null;
  done;
  v=$(wc -c < "$x"); v=$(($v));
  room $(($2 - $v)) $(df -Pk "$d" 2>/dev/null | tail -n 1) || { rm -f "$x"; r="no space left"; return 1; };
};
# Reads g bytes, packed as e says, for x, which is to have s bytes and digest w then, and gives it its name in d.
# Where something is in x already, it is told, and the answer is where to go on, how many bytes come, and how packed.
# What a broken connection leaves stays for the next one; where the controller is still there, it does not.
receive() {
  if [ $v -gt 0 ]; then
    say part $v $(digest "$x");
    read -r o g e || exit 0;
    case $o in 0) : > "$x";; esac;
  fi;
  say send $1 "$d";
  case $e in
  none) r=;;
  gzip) r=$( (head -c $g | gzip -dc >> "$x") 2>&1);;
  *) r=$( (head -c $g >> "$x") 2>&1);;
  esac;
  o=$(wc -c < "$x"); o=$(($o));
  [ "$o" = "$s" ] || { say bad $o of $s bytes arrived: $r; read -r q && rm -f "$x"; exit 0; };
  h=$(digest "$x");
  case $h in $w|"") :;; *) rm -f "$x"; say bad wrong digest $h; exit 0;; esac;
  chmod 700 "$x"; r=$(mv -f "$x" "$d/$w" 2>&1) || { rm -f "$x"; say bad $r; exit 0; };
  find "$d" -type f "(" -name ".new-*" -o -name ".part-*" ")" -mtime +0 -exec rm -f {} + 2>/dev/null;
};
