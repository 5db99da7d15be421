#!/usr/bin/env bash
# Sees to what the program needs on this machine, and installs nothing when everything is there.
#
#   scripts/install.sh [--for-tests] [--without-rust]
set -euo pipefail

rust_version=1.95
for_tests=false
with_rust=true
for option in "$@"; do
    case $option in
    --for-tests) for_tests=true ;;
    --without-rust) with_rust=false ;;
    *) echo "usage: scripts/install.sh [--for-tests] [--without-rust]" >&2 && exit 2 ;;
    esac
done

have() { command -v "$1" >/dev/null 2>&1; }
have_server() { have initdb && have postgres || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }
have_libpq() { have pg_config && [ -e "$(pg_config --includedir)/libpq-fe.h" ] || { have pkg-config && pkg-config --exists libpq; }; }

missing=()
have cc || missing+=(build-essential)
have pkg-config || missing+=(pkg-config)
have curl || missing+=(curl ca-certificates)
have setpriv || missing+=(util-linux)
have_server || missing+=(postgresql)
have_libpq || missing+=(libpq-dev)
if $for_tests; then
    have ps || missing+=(procps)
    have pdftotext || missing+=(poppler-utils)
    have chromium || have chromium-browser || have google-chrome || missing+=(chromium)
    have chromedriver || missing+=(chromium-driver)
    have npm || missing+=(npm)
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
fi

if [ ${#missing[@]} -gt 0 ]; then
    as_root=()
    if [ "$(id -u)" != 0 ]; then
        if have sudo && sudo -n true 2>/dev/null; then
            as_root=(sudo -n)
        else
            echo "please install, as an administrator: apt-get install ${missing[*]}" >&2
            exit 1
        fi
    fi
    if ! have apt-get; then
        echo "please install what these Debian packages contain: ${missing[*]}" >&2
        exit 1
    fi
    echo "installing: ${missing[*]}"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
fi

if $with_rust; then
    found=$(cargo --version 2>/dev/null | cut -d' ' -f2 || true)
    if [ "$(printf '%s\n' "$rust_version" "${found:-0}" | sort -V | head -n 1)" != "$rust_version" ]; then
        echo "Rust $rust_version or newer is needed (found: ${found:-none}); https://rustup.rs installs it:" \
            "curl --proto '=https' -sSf https://sh.rustup.rs | sh" >&2
        exit 1
    fi
fi
