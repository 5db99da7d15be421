#!/usr/bin/env bash
# Runs a command with DIALNEXA_DATABASE_URL naming a PostgreSQL to test against: the one that is given, or a
# throwaway one that is started for the command and stopped after it. It is not durable, and that makes it fast;
# DURABLE=1 makes it as slow as a real one, to measure.
#
#   tests/with_postgres.sh cargo test
set -euo pipefail

if [ -n "${DIALNEXA_DATABASE_URL:-}" ]; then
    exec "$@"
fi

bin=$(dirname "$(readlink -f "$(command -v initdb ||
    find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)")")
if [ ! -x "$bin/postgres" ]; then
    echo "no PostgreSQL server is found: run \`make install\`, or set DIALNEXA_DATABASE_URL" >&2
    exit 1
fi

# Below /tmp and not in target/: an unprivileged account must reach it, and a socket's path is short.
cluster=$(mktemp -d /tmp/dialnexa-test-XXXXXX)
as_server=()
if [ "$(id -u)" = 0 ]; then
    account=$(id -un postgres 2>/dev/null || echo nobody)
    chown "$account:" "$cluster"
    as_server=(setpriv "--reuid=$account" "--regid=$(id -g "$account")" --clear-groups)
fi
server=
finish() {
    status=$?
    trap - EXIT INT TERM HUP
    if [ -n "$server" ]; then
        kill -QUIT "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$cluster"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

cd_free() { (cd / && "${as_server[@]}" env LC_ALL=C "$@"); }
echo owner >"$cluster/password"
chmod a+r "$cluster/password"
cd_free "$bin/initdb" -D "$cluster/data" -U owner --encoding=UTF8 --locale=C.UTF-8 --no-sync \
    --auth=scram-sha-256 --pwfile="$cluster/password" >/dev/null

durable=(-c fsync=off -c full_page_writes=off -c synchronous_commit=off)
if [ -n "${DURABLE:-}" ]; then
    durable=()
fi

# A free port of the loopback: tests also reach the server as programs elsewhere would.
for attempt in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 12000))
    setsid "${as_server[@]}" env -C / LC_ALL=C "$bin/postgres" -D "$cluster/data" -p "$port" \
        -c listen_addresses=127.0.0.1 -c unix_socket_directories="$cluster" "${durable[@]}" \
        -c max_connections=300 -c shared_buffers=128MB -c max_wal_size=2GB \
        -c log_min_messages=fatal -c timezone=UTC >"$cluster/log" 2>&1 &
    server=$!
    for _ in $(seq 200); do
        if grep -qs '^ready' "$cluster/data/postmaster.pid"; then
            break 2
        fi
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    kill -QUIT "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=
    if [ "$attempt" = 5 ]; then
        echo "PostgreSQL for the tests does not start:" >&2
        cat "$cluster/log" >&2
        exit 1
    fi
done

export DIALNEXA_DATABASE_URL="postgres://owner:owner@127.0.0.1:$port/dialnexa"
"$@"
