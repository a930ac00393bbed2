# Unpacks Debian's newest compiler, with its standard library and that one's source, below the folder $1. Nothing is
# installed into the system, and apt's own lists and settings stay as they are: no root is needed.
set -eu
dir=$1
rm -rf "$dir"
mkdir -p "$dir"
apt="$dir/apt"
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/debs"
# The mirrors are the machine's: Debian's of its sources, and nobody else's.
apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) main # $(ORIGIN)' 'Created-By: Packages' |
    sed -n 's/ # Debian$//p' | sort -u > "$apt/sources.list"
[ -s "$apt/sources.list" ] || { echo "error: apt knows no Debian packages; run 'apt-get update' first" >&2; exit 69; }
cat > "$apt/apt.conf" <<CONF
Dir::State::lists "$apt/lists";
Dir::Cache "$apt/cache";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
APT::Sandbox::User "root";
APT::Architectures { "$(dpkg --print-architecture)"; };
Acquire::Languages "none";
CONF
export APT_CONFIG="$apt/apt.conf"
apt-get -qq update >&2
# Their names carry versions, which security updates raise.
depends() { apt-cache depends "$1" | sed -n "s/^ *Depends: \\($2[0-9.]*\\)\$/\\1/p" | head -n 1; }
std=$(depends libstd-rust-web-dev libstd-rust-web-)
[ -n "$std" ] || { echo "error: this release of Debian has no package rustc-web" >&2; exit 69; }
llvm=$(depends "$std" libllvm)
(cd "$apt/debs" && apt-get -qq download rustc-web libstd-rust-web-dev rust-web-src "$std" "$llvm" >&2)
for deb in "$apt"/debs/*.deb; do dpkg -x "$deb" "$dir/root"; done
unset APT_CONFIG
for lib in "$dir"/root/usr/lib/*-linux-gnu*; do [ -d "$lib" ] && break; done
cat > "$dir/rustc" <<WRAP
#!/bin/sh
LD_LIBRARY_PATH="$lib\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}" exec "$dir/root/usr/bin/rustc" "\$@"
WRAP
chmod 755 "$dir/rustc"
rm -rf "$apt"
