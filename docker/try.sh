#!/usr/bin/env bash
# Builds the image and runs what it holds, without a container engine: for a machine that has
# none, and to see what README.md says. As root on Linux, from anywhere:
#
#   docker/try.sh [IMAGE]      IMAGE: the base; else a Debian is made by debootstrap
#
# Wants buildah, util-linux, the repository's .venv with its `dev` extra (it brings the
# PostgreSQL), and debootstrap where no base is named. Everything is made in one temporary folder
# and removed. TRY_MIRROR names a package mirror for debootstrap, TRY_CERTS a folder of
# certificates to trust during the build.
#
# The web server and the workers run as the image's user with no capability, no way to get one,
# the image's file system read-only, and only /tmp (in memory) and /data (a volume) to write to.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -z "${TRY_INSIDE:-}" ]; then # once more, beside a fresh PostgreSQL
  TRY_INSIDE=1 exec .venv/bin/python -m tests.postgres "$0" "$@"
fi

work=$(mktemp -d)
root=$work/image
data=$work/data
port=$((20000 + RANDOM % 10000))
key=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
url=$GRIDCASE_DATABASE_URL
running=()

store() { buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs "$@"; }
close() {
  local code=$?
  for pid in "${running[@]}"; do # its child first: having changed its user, it would live on
    pkill -KILL -P "$pid" 2>/dev/null || true
    kill -KILL "$pid" 2>/dev/null || true
  done
  wait 2>/dev/null || true
  store umount --all >/dev/null 2>&1 || true
  rm -rf "$work"
  [ "$code" = 0 ] && echo "== all of it: ok" || echo "== FAILED (exit $code)"
}
trap close EXIT
now() { date +%s%N; }
since() { echo $((($(now) - $1) / 1000000)); }
expect() { [ "$2" = "$3" ] || { echo "$1: $2, not $3"; exit 1; }; }

# --- the image
base=${1:-}
if [ -z "$base" ]; then
  began=$(now)
  debootstrap --variant=minbase --include=python3,python3-venv bookworm "$work/debian" \
    ${TRY_MIRROR:+"$TRY_MIRROR"} >"$work/debootstrap.log" 2>&1 ||
    { tail -n 5 "$work/debootstrap.log"; exit 1; }
  rm -rf "$work"/debian/var/cache/apt/archives/*.deb "$work"/debian/var/lib/apt/lists/*
  container=$(store from scratch)
  store add -q "$container" "$work/debian" / >/dev/null
  base=$(store commit -q --rm "$container" localhost/base)
  rm -rf "$work/debian"
  echo "base: Debian 12 by debootstrap, $(since "$began") ms"
fi
began=$(now)
store bud --format docker --isolation chroot --build-arg BASE="$base" \
  ${TRY_CERTS:+-v "$TRY_CERTS:/etc/ssl/certs:ro"} \
  -f docker/Containerfile -t gridcase . >"$work/build.log" 2>&1 ||
  { tail -n 30 "$work/build.log"; exit 1; }
echo "build: $(since "$began") ms"
store images --format '{{.Name}}: {{.Size}}'

container=$(store from --pull-never localhost/gridcase)
configured() { store inspect "$container" | python3 -c "
import json, sys
config = json.load(sys.stdin)['Docker']['config']
$1"; }
configured 'print({key: config.get(key) for key in ("User", "Entrypoint", "Cmd", "StopSignal")})'
mapfile -t environment < <(configured 'print("\n".join(config["Env"]))')
user=$(configured 'print(config["User"].split(":")[0])')

echo "== buildah run"
store run --isolation chroot "$container" -- id
store run --isolation chroot "$container" -- gridcase --version
# shellcheck disable=SC2016  # expanded by the inner shell
store run --isolation chroot "$container" -- sh -c \
  'for tool in gcc cc c++ ld make pip; do ! command -v $tool || exit 1; done; echo "no compiler, no pip"'

# --- as a container runs
mkdir -p "$root"
install -d -o "$user" -g "$user" -m 0750 "$data"
mounted=$(store mount "$container")

# inside NAME DATABASE COMMAND...: in name spaces of its own, as the head of this script says.
# Its process is number 1 there, as in a container without an init.
# shellcheck disable=SC2016  # expanded by the inner shell
enclose='
  mounted=$1 root=$2 data=$3 user=$4 name=$5
  shift 5
  hostname "$name"
  mount --bind "$mounted" "$root" && mount -o remount,bind,ro "$root"
  mount -t tmpfs -o size=64m,mode=1777 tmpfs "$root/tmp"
  mount --bind "$data" "$root/data"
  mount --rbind /dev "$root/dev"
  mount -t proc proc "$root/proc"
  exec chroot "$root" setpriv --reuid="$user" --regid="$user" --clear-groups --inh-caps=-all \
    --bounding-set=-all --no-new-privs env -C /data -i "$@"'
inside() {
  local name=$1 database=$2
  shift 2
  exec unshare --mount --uts --ipc --pid --fork --kill-child \
    sh -euc "$enclose" inside "$mounted" "$root" "$data" "$user" "$name" "${environment[@]}" \
    GRIDCASE_DATABASE_URL="$database" GRIDCASE_SECRET_KEY="$key" "$@"
}
# begin NAME COMMAND...: in the background; its number is $begun
begin() {
  local name=$1
  shift
  (inside "$name" "$url" "$@") </dev/null >"$work/$name.log" 2>&1 &
  begun=$!
  running+=("$begun")
}
# end NAME PID: SIGTERM to process 1 of the enclosure, then its exit code and how long it took
end() {
  local began code=0
  began=$(now)
  kill -TERM "$(pgrep -P "$2")"
  wait "$2" || code=$?
  echo "$1: SIGTERM, exit $code after $(since "$began") ms"
  expect "exit of $1" "$code" 0
}
healthy() { (inside "$1" "$url" python3 /opt/gridcase/healthy.py "${@:2}"); }
# until SECONDS COMMAND...
until_() {
  local last=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$last" ] || { echo "in vain: $*"; tail -n 20 "$work"/*.log; return 1; }
    sleep 0.05
  done
}
answers() { python3 -c 'import sys, urllib.request as u; u.urlopen(sys.argv[1])' "$1"; }
readyz() { python3 -c 'import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).read().decode())' \
  "http://127.0.0.1:$port/readyz"; }
start_web() {
  local began
  began=$(now)
  begin web gridcase serve --host 0.0.0.0 --port "$port"
  web=$begun
  until_ 60 answers "http://127.0.0.1:$port/readyz"
  echo "serve: /readyz answers 200 after $(since "$began") ms"
}

echo "== what the enclosure allows"
# shellcheck disable=SC2016
(inside look "$url" sh -c '
  grep -E "^(Uid|CapEff|CapBnd|NoNewPrivs)" /proc/self/status | tr "\t\n" "  "; echo
  for place in / /opt/gridcase /var /data /tmp; do
    if touch "$place/x" 2>/dev/null; then echo "$place: written"; rm "$place/x"; else echo "$place: not"; fi
  done')

echo "== an empty database"
code=0
(inside web "$url" gridcase serve --port "$port" --lang en) || code=$?
echo "serve before the schema is there: exit $code"
[ "$code" != 0 ]
began=$(now)
(inside migrate "$url" gridcase db upgrade --lang en)
echo "db upgrade: $(since "$began") ms"
(inside migrate "$url" gridcase db upgrade --lang en)

start_web
began=$(now)
begin worker-1 gridcase worker
first=$begun
until_ 60 healthy worker-1 worker
echo "worker: its first heartbeat was seen after $(since "$began") ms"
readyz
healthy web web "$port" && echo "health check of web: $?"
! healthy nobody worker || exit 1
for pid in "$web" "$first"; do
  grep -E '^VmRSS' "/proc/$(pgrep -P "$pid")/status" | tr '\t\n' '  '
done
echo
end worker "$first"
end web "$web"
! healthy web web "$port" || exit 1

echo "== a case, filed and forgotten"
(inside create "$url" python3 - "$url" gridcase_try <<'PYTHON'
import sys
import psycopg
with psycopg.connect(sys.argv[1], autocommit=True) as connection:
    connection.execute(f"create database {sys.argv[2]}")
PYTHON
)
empty=$url
url=${url%/*}/gridcase_try
began=$(now)
begin demo gridcase demo --no-browser --port "$port" --lang en
until_ 180 answers "http://127.0.0.1:$port/readyz"
echo "demo: made and answers after $(since "$began") ms"
end demo "$begun"
start_web
begin worker-1 gridcase worker
first=$begun
begin worker-2 gridcase worker
second=$begun
until_ 60 healthy worker-1 worker
until_ 60 healthy worker-2 worker
(inside visitor "$url" python3 - "http://127.0.0.1:$port" <docker/try_case.py)
end worker-1 "$first"
end worker-2 "$second"
end web "$web"
(inside auditor "$url" gridcase audit verify --lang en)
echo "== doctor (the PostgreSQL of the tests is set to be fast, not to last)"
(inside doctor "$url" gridcase doctor --lang en) || echo "doctor: exit $?"
(inside drop "$empty" python3 - "$empty" <<'PYTHON'
import sys
import psycopg
with psycopg.connect(sys.argv[1], autocommit=True) as connection:
    connection.execute("drop database gridcase_try with (force)")
PYTHON
)
