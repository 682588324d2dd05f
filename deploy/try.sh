#!/usr/bin/env bash
# The main job on this machine, from nothing: installs what is missing, builds, starts a head and an agent in a
# directory of their own, counts the primes from 10 000 000 to 60 000 000, and leaves nothing running.
set -euo pipefail
cd "$(dirname "$0")/.."

deploy/install-dependencies.sh
cmake --preset host >build-log.txt 2>&1 || { cat build-log.txt >&2; exit 1; }
echo "building (a few minutes the first time) …" >&2
cmake --build --preset host --target pqd pq-agent pq >build-log.txt 2>&1 || { cat build-log.txt >&2; exit 1; }
rm -f build-log.txt
bin=$PWD/build/host/bin

state=$(mktemp -d)
pids=()
clean_up() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$state"
}
trap clean_up EXIT

# Any free ports: another head may be running here.
"$bin/pqd" --state-dir "$state" --listen 'tcp://127.0.0.1:*' --http none --log-level warn &
pids=("$!")
slots=$(nproc)
"$bin/pq-agent" --state-dir "$state" --slots "$slots" --log-level error &
pids=("$!" "${pids[@]}")  # the agent is stopped first, and says goodbye

until "$bin/pq-agents" --state-dir "$state" --json 2>/dev/null | grep -q '"state":"active"'; do sleep 0.05; done
nodes=$("$bin/pq-agents" --state-dir "$state" --json | grep -o '"state":"active"' | wc -l)

began=$(date +%s%N)
total=$("$bin/pq-submit" --state-dir "$state" --range 1e7:6e7 --wait 2>/dev/null)
ended=$(date +%s%N)

echo "$total"
printf 'primes in [10 000 000, 60 000 000): %s; nodes: %s, slots: %s, submit to total: %s ms\n' \
  "$total" "$nodes" "$slots" "$(((ended - began) / 1000000))"
[[ $total == 2897536 ]] || { echo "try: the total should be 2897536" >&2; exit 1; }
