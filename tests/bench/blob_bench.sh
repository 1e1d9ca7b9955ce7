#!/bin/bash
# The Blob endpoint beside Azurite and nginx: small blobs a second, large ones up and down, a listing, time to the first
# answer, memory. Every request to the two emulators carries the same account SAS, which both verify.
# Usage: blob_bench.sh PROGRAM [AZURITE]   AZURITE: its `azurite-blob`, of `npm install azurite`; without it the ratios
# to it are left out.
set -euo pipefail
program=$(realpath "$1")
bulk_client=$(realpath "$(dirname "$0")")/bulk_client.py
azurite=${2:+$(realpath "$2")}
scratch=$(mktemp -d)
chmod 755 "$scratch"  # nginx may serve as another user
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$scratch"' EXIT
cd "$scratch"

key=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==
signature=$(printf 'devstoreaccount1\nrwdlac\nb\nsco\n\n2099-01-01T00:00:00Z\n\n\n2021-12-02\n\n' |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$(base64 -d <<<"$key" | od -An -v -tx1 | tr -d ' \n')" -binary |
  base64 -w0 | sed 's/+/%2B/g; s/\//%2F/g; s/=/%3D/g')
export QUERY="sv=2021-12-02&ss=b&srt=sco&sp=rwdlac&se=2099-01-01T00%3A00%3A00Z&sig=$signature"
for size in 64 512; do head -c ${size}M /dev/urandom >"big$size"; done

resident() { awk '/^VmRSS/ {printf "%.1f", $2 / 1024}' "/proc/$1/status"; }
free_port() {  # none listens there now
  local port
  while port=$(shuf -i 20000-29999 -n 1) && (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
  echo "$port"
}

# --- one measurement each ---
cat >put.lua <<'LUA'
local n, body = 0, string.rep("x", 1024)
local headers = {["x-ms-blob-type"] = "BlockBlob", ["x-ms-version"] = "2021-12-02"}
function request()
  n = n + 1
  return wrk.format("PUT", string.format("%s/%s-%d?%s", wrk.path, os.getenv("SERIES"), n, os.getenv("QUERY")), headers, body)
end
LUA
# Requests a second. Usage: rate CONNECTIONS URL [wrk's flags]
rate() {
  local connections=$1 url=$2
  shift 2
  wrk -t1 -c"$connections" -d4s --timeout 10s "$@" "$url" >wrk.out
  if grep -q 'Non-2xx' wrk.out; then cat wrk.out >&2; return 1; fi
  awk '/^Requests\/sec/ {print $2}' wrk.out
}
# MiB a second, the best of three. Usage: bulk put|get|drop|blocks FILE URL
bulk() { python3 "$bulk_client" "$1" "$3" "$2" 'x-ms-version: 2021-12-02' 'x-ms-blob-type: BlockBlob'; }
send() { curl -sSf -o out -H 'x-ms-version: 2021-12-02' -H 'Expect:' "$@"; }

# --- one server ---
# Something answers at the port of this machine. No program is started for asking: that takes as long as what is measured.
answers() {
  local line
  { exec 3<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
  printf 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' >&3
  read -r -t 5 line <&3
  exec 3>&-
  [ -n "$line" ]
}
# Usage: begin PORT COMMAND...: $pid runs and has answered; milliseconds to that are printed to first.ms.
begin() {
  local port=$1 begun
  shift
  begun=${EPOCHREALTIME/./}
  "$@" >log 2>&1 &
  pid=$!
  until answers "$port"; do kill -0 $pid || { cat log; exit 1; }; done
  local took=$((${EPOCHREALTIME/./} - begun))
  echo "scale=1; $took / 1000" | bc >first.ms
}
end() { kill "$pid"; wait "$pid" || true; }
# Usage: measure NAME URL: `key figure` lines go to the file NAME.
measure() {
  local name=$1 base=$2 n
  figure() { [ -n "$2" ] && echo "$1 $2" >>"$name"; }  # where there is none, what measured it has said why
  figure first_ms "$(cat first.ms)"
  figure idle_mib "$(resident $pid)"
  send -X PUT -d '' "$base/bench?$QUERY&restype=container"
  for n in 1 16; do figure "put_$n" "$(SERIES=new-$n rate $n "$base/bench" -s put.lua)"; done
  send -X PUT -d '' "$base/list?$QUERY&restype=container"
  head -c 1024 /dev/zero >small
  for n in {1..5000}; do
    printf 'url = "%s/list/small-%s?%s"\nupload-file = "small"\noutput = "out"\n' "$base" "$n" "$QUERY"
  done >list.curl
  curl -sSf -H 'x-ms-blob-type: BlockBlob' -K list.curl
  for n in 1 16; do figure "get_$n" "$(rate $n "$base/list/small-1?$QUERY")"; done
  figure list "$(rate 1 "$base/list?$QUERY&restype=container&comp=list")"
  for n in 64 512; do
    figure "up_$n" "$(bulk put "big$n" "$base/bench/big?$QUERY")"
    figure "down_$n" "$(bulk get "big$n" "$base/bench/big?$QUERY")"
    figure "drop_$n" "$(bulk drop "big$n" "$base/bench/big?$QUERY")"
  done
  figure blocks "$(bulk blocks big512 "$base/bench/blocks?$QUERY")"
  sleep 2
  figure loaded_mib "$(resident $pid)"
}

port=$(free_port)
for n in 1 2 3 4 5; do
  begin "$port" "$program" start --location "ours$n" --batch-port 0 --blob-port "$port" -q
  cat first.ms >>firsts
  [ "$n" = 5 ] || end
done
sort -n firsts | head -1 >first.ms
measure ours "http://127.0.0.1:$port/devstoreaccount1"
end
rm -rf ours[1-5]
if [ -n "$azurite" ]; then
  port=$(free_port)
  begin "$port" "$azurite" --blobPort "$port" --location azurite-data --silent --skipApiVersionCheck
  measure azurite "http://127.0.0.1:$port/devstoreaccount1"
  end
  rm -rf azurite-data
fi

# --- nginx, with plain files ---
mkdir www
head -c 1024 /dev/zero >www/small-1
port=$(free_port)
cat >nginx.conf <<CONF
daemon off; worker_processes 2; pid nginx.pid; error_log stderr error;
events { worker_connections 256; }
http {
  access_log off; keepalive_requests 10000000; sendfile on; tcp_nodelay on; client_max_body_size 0;
  client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
  server { listen 127.0.0.1:$port; root $scratch/www; dav_methods PUT; }
}
CONF
chmod 777 www
begin "$port" /usr/sbin/nginx -p "$scratch" -c nginx.conf
for n in 1 16; do echo "get_$n $(rate $n "http://127.0.0.1:$port/small-1")" >>nginx; done
for n in 64 512; do
  echo "up_$n $(bulk put "big$n" "http://127.0.0.1:$port/big")"
  echo "down_$n $(bulk get "big$n" "http://127.0.0.1:$port/big")"
  echo "drop_$n $(bulk drop "big$n" "http://127.0.0.1:$port/big")"
done >>nginx
end

# --- the table: a figure, and the ratios to the others' ---
value() { [ -f "$1" ] && awk -v key="$2" '$1 == key {print $2}' "$1" || true; }
while read -r key what; do
  ours=$(value ours "$key")
  printf '%-52s %9s' "$what" "$ours"
  for other in azurite nginx; do
    theirs=$(value $other "$key")
    [ -z "$theirs" ] || printf '   %s %s, ratio %s' "$other" "$theirs" "$(echo "scale=2; $ours / $theirs" | bc)"
  done
  echo
done <<'ROWS'
put_1 PUT of 1 KiB, 1 connection, 1/s
put_16 PUT of 1 KiB, 16 connections, 1/s
get_1 GET of 1 KiB, 1 connection, 1/s
get_16 GET of 1 KiB, 16 connections, 1/s
list list of 5,000 blobs, 1/s
up_64 Put Blob of 64 MiB, MiB/s
up_512 Put Blob of 512 MiB, MiB/s
blocks 512 MiB in blocks of 8 MiB and their list, MiB/s
down_64 GET of 64 MiB, MiB/s
down_512 GET of 512 MiB, MiB/s
drop_64 GET of 64 MiB by a client that drops it, MiB/s
drop_512 GET of 512 MiB by a client that drops it, MiB/s
first_ms start to first answer, ms
idle_mib memory, idle, MiB
loaded_mib memory two seconds after all this, MiB
ROWS
