# What the measuring scripts share: processes that are started and ended by their id, Postgres and Redis of their own,
# and the load generator. Sourced from the project's folder, after `engine` is set.

script=${0##*/}
say() { echo "$script: $*" >&2; }

export HOST=127.0.0.1 LOG_LEVEL=warn ORDER_ENGINE__LOG__FILTER=warn
export ORDER_ENGINE__VENUES__PROFILE=instant ORDER_ENGINE__VENUES__PRICE=frozen

install_packages() {
    [ $# -gt 0 ] || return 0
    local root=()
    [ "$(id -u)" = 0 ] || root=(sudo)
    "${root[@]}" apt-get update -q
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

# What is missing, by package.
install() {
    local packages=()
    scripts/setup build
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || packages+=(postgresql)
    command -v pgbench >/dev/null || packages+=(postgresql-contrib)
    command -v redis-server >/dev/null || packages+=(redis-server)
    command -v redis-benchmark >/dev/null || packages+=(redis-tools)
    command -v node >/dev/null || packages+=(nodejs)
    command -v npm >/dev/null || packages+=(npm)
    install_packages "${packages[@]}"
    if [ -z "${ENGINE:-}" ]; then
        cargo build --quiet --release --bin order-engine
    fi
}

# What the peer is made of, which has a WebSocket client as well.
install_peer() {
    [ -d benches/peer/node_modules ] || (cd benches/peer && npm ci --no-audit --no-fund --loglevel=error)
}

# --- processes ---------------------------------------------------------------------------------------------------

folder=$(mktemp -d "/tmp/$script.XXXXXX")
declare -A pids=()

# start NAME COMMAND...: in the background, its output in a file.
start() {
    local name=$1
    shift
    "$@" >"$folder/$name.log" 2>&1 &
    pids[$name]=$!
}

# stop NAME...: asks, waits, and only then insists.
stop() {
    local name pid
    for name in "$@"; do
        pid=${pids[$name]:-}
        [ -n "$pid" ] || continue
        unset "pids[$name]"
        kill -TERM "$pid" 2>/dev/null || true
        for _ in $(seq 100); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
}

finish() {
    local name
    for name in "${!pids[@]}"; do [[ $name = postgres || $name = redis ]] || stop "$name"; done
    stop redis postgres
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT TERM

# until_true SECONDS COMMAND...
until_true() {
    local tries=$(($1 * 10))
    shift
    for _ in $(seq "$tries"); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    say "never came true: $*"
    tail -n 5 "$folder"/*.log >&2
    return 1
}

free_port() {
    node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'
}

# Peak resident memory of processes together, in KiB.
memory() {
    local name sum=0
    for name in "$@"; do
        sum=$((sum + $(awk '/VmHWM/ { print $2 }' "/proc/${pids[$name]}/status")))
    done
    echo "$sum"
}

# Processor time of a process so far, and of those that it has started, in milliseconds.
cpu() {
    local pid=${pids[$1]} own ticks
    own=$(awk '{ print $14 + $15 + $16 + $17 }' "/proc/$pid/stat")
    ticks=$(for child in $(pgrep -P "$pid"); do cat "/proc/$child/stat" 2>/dev/null || true; done |
        sed 's/.*) //' | awk -v own="$own" '{ sum += $12 + $13 } END { print sum + own }')
    echo $((ticks * 1000 / $(getconf CLK_TCK)))
}

# --- servers -----------------------------------------------------------------------------------------------------

start_servers() {
    local bin as=()
    bin=$(dirname "$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1)")
    pg_port=$(free_port)
    redis_port=$(free_port)
    chmod 711 "$folder"
    mkdir "$folder/data"
    if [ "$(id -u)" = 0 ]; then
        # Postgres refuses to run as root.
        chown postgres "$folder/data"
        as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
    fi
    (cd / && "${as[@]}" "$bin/initdb" -D "$folder/data" -U postgres -A trust >"$folder/initdb.log")
    # As installed, fsync and synchronous_commit on, but for room enough that no run meets a checkpoint.
    start postgres "${as[@]}" "$bin/postgres" -D "$folder/data" -p "$pg_port" -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories= -c shared_buffers=512MB -c max_wal_size=8GB -c checkpoint_timeout=1h
    start redis redis-server --port "$redis_port" --bind 127.0.0.1 --save '' --appendonly no --dir "$folder" \
        --maxmemory-policy noeviction
    until_true 20 pg_isready -q -h 127.0.0.1 -p "$pg_port"
    until_true 10 redis-cli -p "$redis_port" ping
    server=postgres://postgres@127.0.0.1:$pg_port
    export REDIS_URL=redis://127.0.0.1:$redis_port
}

sql() { psql -qAtX -v ON_ERROR_STOP=1 "$@"; }

# A database of a run's own, and nothing in Redis.
fresh() {
    sql "$server/postgres" -c "create database $1"
    redis-cli -p "$redis_port" flushall >/dev/null
    export DATABASE_URL=$server/$1
}

# --- measuring ---------------------------------------------------------------------------------------------------

# load NAME ARGUMENTS...: a report as JSON, by name. What was written before goes to the disk first: half a minute after a
# burst the system writes it all at once, and commits wait for that, whosever they are.
load() {
    local name=$1
    shift
    sync
    "$engine" load --json --url "http://127.0.0.1:$port" --warm-up 2s --duration "${SPAN}s" --patience 120s "$@" \
        >"$folder/$name.json" || say "no report: $*"
}

# read_report NAME EXPRESSION: a value of a report `r`.
read_report() {
    node -e 'const r = JSON.parse(require("fs").readFileSync(process.argv[1])); console.log(eval(process.argv[2]))' \
        "$folder/$1.json" "$2"
}
