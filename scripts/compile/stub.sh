#!/bin/sh
# Quorate @version@ for Linux on @machine@. This file is a program: these lines, then its own code, then the Deno
# runtime as npm publishes it. At its first start it unpacks itself into a folder of yours, after that it starts what
# lies there. docs/install.md tells the rest.
set -u

key=@key@ pieces=@pieces@
case $0 in /*) exe=$0 ;; *) exe=$PWD/${0#./} ;; esac

# --- Where it may lie, one folder a line. What another user could rename is left out: $HOME of a sudo, say.
newline='
'
places=
place() { places="$places$1$newline"; }
if [ -n "${QUORATE_CACHE:-}" ]; then
  case $QUORATE_CACHE in /*) place "$QUORATE_CACHE" ;; *) place "$PWD/$QUORATE_CACHE" ;; esac
else
  if [ -O / ]; then place /var/cache/quorate; fi # only root owns /
  if [ -O "${XDG_CACHE_HOME:-/nowhere}" ]; then place "$XDG_CACHE_HOME/quorate"; fi
  if [ -O "${HOME:-/nowhere}" ]; then place "$HOME/.cache/quorate"; fi
  uid=
  while IFS='	 ' read -r name _ effective _; do
    if [ "$name" = Uid: ]; then uid=$effective; break; fi
  done 2>/dev/null </proc/self/status
  if [ -n "$uid" ]; then
    place "/var/tmp/quorate-$uid"
    place "/tmp/quorate-$uid"
  fi
fi

# A folder that another user made, or a link to anywhere, is never used.
mine() { [ -O "$1" ] && [ ! -L "$1" ]; }

# Whether $folder holds this build, and all of it: programs that tidy temporary folders take single files.
ready() {
  home=$folder/$key
  # On a file system that is mounted noexec, -x is false.
  [ -x "$home/deno" ] && mine "$folder" && mine "$home" && mine "$home/deno" || return 1
  count=0
  for piece in "$home"/*.js; do count=$((count + 1)); done
  [ $count = $pieces ]
}

# With fewer permissions than -A, without the operator's own settings of Deno, and without a look for a newer Deno.
start() {
  unset NODE_OPTIONS DENO_V8_FLAGS DENO_CERT DENO_CONDITIONS DENO_PERMISSION_BROKER_PATH OTEL_DENO
  export DENO_DIR="$home/deno-dir" DENO_NO_UPDATE_CHECK=1 QUORATE_EXE="$exe"
  { true >"$home/quorate-last-start"; } 2>/dev/null
  exec "$home/deno" run @flags@ "$home/main.js" "$@"
}

rest=$places
while [ -n "$rest" ]; do
  folder=${rest%%"$newline"*} rest=${rest#*"$newline"}
  if ready; then start "$@"; fi
done

# --- Nothing above starts another program. From here on: the first start.
size=@size@ begin=@begin@ code=@code@ sum=@sum@

fail() {
  for line; do printf 'quorate: %s\n' "$line" >&2; done
  exit 1
}
damaged() { fail "$exe is damaged: $1" "copy it again, and check the copy: sha256sum -c SHA256SUMS"; }

[ -r "$exe" ] || fail "$exe cannot be read, and has to be to unpack itself: start it by its path, or chmod +r it"
[ "$(uname -m)" = @machine@ ] || fail "this file is for @machine@, and this machine is $(uname -m): take the other file"
[ -e @loader@ ] || fail "there is no @loader@ here: the runtime in this file needs glibc, and this system has none" \
  "(is it musl?): use a management node with glibc, such as Debian, Ubuntu, Fedora, RHEL or SUSE"
for program in chmod find gzip head mkdir mktemp mv rm sha256sum stat sync tail tar uname wc; do
  command -v $program >/dev/null || fail "install $program here: $exe needs it to unpack itself"
done
payload() { tail -c +$((begin + 1)) "$exe"; }
actual=$(($(wc -c <"$exe")))
[ $actual = $size ] || damaged "it has $actual bytes, and was built with $size"
case $(payload | sha256sum) in "$sum "*) ;; *) damaged "its content is not what was built" ;; esac

# Unpacks into $folder, or prints why it cannot. To be run in a shell of its own: umask, lock and traps end with it.
unpack() {
  umask 077
  mkdir -p "$folder" 2>&1 || exit 1
  mine "$folder" || { echo "it belongs to another user, or is a link"; exit 1; }
  case $(stat -c %A "$folder") in
    ?????w????* | ????????w?*) echo "others may write there: chmod go-w '$folder'"; exit 1 ;;
  esac
  # The first one unpacks, and who starts at the same time waits for it; where flock is missing, each does.
  exec 2>/dev/null 9>"$folder/lock" || exit 1
  if command -v flock >/dev/null; then flock 9; fi
  if ready; then exit 0; fi
  part=$(mktemp -d "$folder/part.XXXXXX") || { echo "it cannot be written to"; exit 1; }
  trap 'rm -rf "$part"' EXIT
  trap 'exit 1' HUP INT TERM
  printf '#!/bin/sh\nexit 0\n' >"$part/probe" && chmod 700 "$part/probe" || { echo "it is full"; exit 1; }
  "$part/probe" || { echo "programs cannot be started there: it is mounted noexec"; exit 1; }
  new=$part/$key
  mkdir "$new"
  payload | head -c $code | gzip -dc | tar -xf - -C "$new" --no-same-owner &&
    payload | tail -c +$((code + 1)) | gzip -dc | tar -xf - -C "$new" --no-same-owner --strip-components=1 package/deno &&
    : >"$new/quorate-last-start" && sync "$new"/* || { echo "there is no room for 110 MB"; exit 1; }
  chmod 700 "$new/deno"
  said=$("$new/deno" --version 2>&1) || { echo "the runtime does not start there: $said"; exit 1; }
  # What lies there already is another start's, or has lost a file since it was unpacked. One that is whole stays: who has
  # put it there may be about to start it.
  mv -T "$new" "$folder/$key" || ready ||
    { mv -T "$folder/$key" "$part/former" && mv -T "$new" "$folder/$key"; } || ready ||
    { echo "it cannot be renamed there"; exit 1; }
  # Others' leavings: of starts that were killed, and builds that nobody has started for a week.
  find "$folder" -maxdepth 1 -name 'part.??????' -mmin +60 -exec rm -rf {} +
  find "$folder" -mindepth 2 -maxdepth 2 -name quorate-last-start -mtime +6 | while IFS= read -r old; do
    rm -rf "${old%/*}"
  done
  exit 0
}

why=
rest=$places
while [ -n "$rest" ]; do
  folder=${rest%%"$newline"*} rest=${rest#*"$newline"}
  if reason=$(unpack) && ready; then
    if [ -n "$why" ]; then printf 'quorate: unpacked into %s, because of\n%s' "$folder" "$why" >&2; fi
    start "$@"
  fi
  why="$why  $folder: $reason$newline"
done
printf 'quorate: there is no folder that it can be unpacked into:\n%s' "$why" >&2
fail "make one that is yours alone, with 110 MB of room and not mounted noexec, and name it in QUORATE_CACHE"
