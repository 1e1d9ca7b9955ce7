#!/bin/bash
# The emulator over HTTP: requests a second beside nginx serving a file of the same size, tasks added a second, time to
# ready, memory. Usage: http_bench.sh PROGRAM
set -euo pipefail
program=$(realpath "$1")
scratch=$(mktemp -d)
chmod 755 "$scratch"  # nginx may serve as another user
version=2024-07-01.20.0
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$scratch"' EXIT
cd "$scratch"

account=devbatchaccount
key=$("$program" env | sed -n "s/^export AZURE_BATCH_ACCESS_KEY='\(.*\)'/\1/p")
hex_key=$(base64 -d <<<"$key" | od -An -v -tx1 | tr -d ' \n')
date=$(LC_ALL=C date -u '+%a, %d %b %Y %H:%M:%S GMT')

# The Authorization header of a request; QUERY is `name:value` lines, sorted. Usage: authorization VERB PATH LENGTH TYPE QUERY
authorization() {
  local text
  text=$(printf '%s\n\n\n%s\n\n%s\n\n\n\n\n\n\nocp-date:%s\n/%s%s\n%s' "$1" "$3" "$4" "$date" "$account" "$2" "$5")
  printf 'SharedKey %s:%s' "$account" \
    "$(printf '%s' "$text" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$hex_key" -binary | base64 -w0)"
}
# Usage: call VERB PATH [BODY]
call() {
  local body=${3-} type='' length=''
  [ -n "$body" ] && type=application/json length=${#body}
  curl -sS --fail-with-body -X "$1" "$batch$2?api-version=$version" -H "ocp-date: $date" -H "Content-Type: $type" \
    -H "Authorization: $(authorization "$1" "$2" "$length" "$type" "api-version:$version")" ${body:+--data-binary "$body"}
}
# Requests a second. Usage: rate CONNECTIONS URL [wrk's flags]
rate() {
  local connections=$1 url=$2
  shift 2
  wrk -t1 -c"$connections" -d3s "$@" "$url" >wrk.out
  if grep -q 'Non-2xx' wrk.out; then cat wrk.out >&2; exit 1; fi
  awk '/^Requests\/sec/ {print $2}' wrk.out
}
resident() { awk '/^VmRSS/ {printf "%.1f", $2 / 1024}' "/proc/$1/status"; }
line() { printf '%-58s %12s %s\n' "$1" "$2" "${3-}"; }
ratio() { echo "ratio $(echo "scale=2; $1 / $2" | bc)"; }

# --- time to ready: the best of five, each in a new directory ---
for n in 1 2 3 4 5; do
  begun=${EPOCHREALTIME/./}  # microseconds; asking `date` would take as long as what is measured
  "$program" start --location "data$n" --batch-port 0 --blob-port 0 -q >ready.fifo.$n 2>/dev/null &
  pid=$!
  until [ -s "ready.fifo.$n" ]; do :; done
  echo $((${EPOCHREALTIME/./} - begun)) >>ready.us
  kill "$pid"
  wait "$pid"
done
line "from exec to ready, best of 5, ms" "$(echo "scale=1; $(sort -n ready.us | head -1) / 1000" | bc)"

"$program" start --location data --batch-port 0 --blob-port 0 --ready-file ready -q >/dev/null &
pid=$!
until [ -s ready ]; do sleep 0.01; done
batch=$(sed 's/.* batch=\([^ ]*\).*/\1/' ready)
line "memory of the idle emulator, MiB" "$(resident $pid)"

call POST /pools '{"id":"p","vmSize":"standard_d2_v3","virtualMachineConfiguration":{"imageReference":{"publisher":"canonical","offer":"0001-com-ubuntu-server-jammy","sku":"22_04-lts"},"nodeAgentSKUId":"batch.node.ubuntu 22.04"},"targetLowPriorityNodes":0}'
for job in thousand many; do call POST /jobs "{\"id\":\"$job\",\"poolInfo\":{\"poolId\":\"p\"}}"; done

# A hundred tasks a request, with ids that go on and bodies of one length, so that one signature is for all.
cat >add.lua <<'LUA'
local pieces, n = {}, 0
function body()
  for i = 1, 100 do
    n = n + 1
    pieces[i] = string.format('{"id":"task-%09d","commandLine":"/bin/sh -c \'echo %09d\'"}', n, n)
  end
  return '{"value":[' .. table.concat(pieces, ",") .. "]}"
end
function request() return wrk.format("POST", nil, nil, body()) end
LUA
task='{"id":"task-000000001","commandLine":"/bin/sh -c '"'echo 000000001'"'"}'
length=$((10 + 100 * ${#task} + 99 + 2))
add() {  # Usage: add JOB SECONDS
  wrk -t1 -c1 -d"$2" -s add.lua -H "ocp-date: $date" -H "Content-Type: application/json" \
    -H "Authorization: $(authorization POST "/jobs/$1/addtaskcollection" "$length" application/json "api-version:$version")" \
    "$batch/jobs/$1/addtaskcollection?api-version=$version" >wrk.out
  if grep -q 'Non-2xx' wrk.out; then cat wrk.out >&2; exit 1; fi
}
add many 5s
line "tasks added a second over HTTP, collections of 100" "$(awk '/^Requests\/sec/ {printf "%.0f", $2 * 100}' wrk.out)"
counted=$(call GET /jobs/many/taskcounts | sed 's/.*"active":\([0-9]*\).*/\1/' | head -1)
line "memory with that many tasks more, MiB" "$(resident $pid)" "($counted tasks)"
ids=$(seq -f 't%04.0f' 1 1000 | sed "s/.*/{\"id\":\"&\",\"commandLine\":\"\/bin\/true\"}/")
for from in $(seq 1 100 1000); do
  call POST /jobs/thousand/addtaskcollection \
    "{\"value\":[$(sed -n "$from,$((from + 99))p" <<<"$ids" | paste -sd,)]}" >/dev/null
done

# --- beside nginx, serving what we answered ---
mkdir www
call GET /pools/p >www/pool.json
call GET /jobs/thousand/tasks >www/tasks.json
cat >nginx.conf <<CONF
daemon off; worker_processes 2; pid nginx.pid; error_log stderr error;
events { worker_connections 256; }
http {
  access_log off; keepalive_requests 10000000; sendfile on; tcp_nodelay on;
  client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
  server { listen 127.0.0.1:@PORT@; root $scratch/www; }
}
CONF
port=$(("$(sed 's/.*:\([0-9]*\) pid.*/\1/' ready)" - 1))
sed -i "s/@PORT@/$port/" nginx.conf
/usr/sbin/nginx -p "$scratch" -c nginx.conf 2>/dev/null &
for _ in $(seq 100); do curl -sf "http://127.0.0.1:$port/pool.json" >/dev/null && break; sleep 0.05; done
for case in "pool /pools/p pool.json" "1,000_tasks /jobs/thousand/tasks tasks.json"; do
  read -r what path file <<<"$case"
  headers=(-H "ocp-date: $date" -H "Authorization: $(authorization GET "$path" '' '' "api-version:$version")")
  for connections in 1 16; do
    floor=$(rate "$connections" "http://127.0.0.1:$port/$file")
    ours=$(rate "$connections" "$batch$path?api-version=$version" "${headers[@]}")
    line "nginx: the same $(stat -c %s "www/$file") bytes, $connections connections, 1/s" "$floor"
    line "GET ${what//_/ }, $connections connections, 1/s" "$ours" "$(ratio "$ours" "$floor")"
  done
done
