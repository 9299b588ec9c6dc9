#!/usr/bin/env bash
# Installs a build into an empty folder and uses what is there as others would: the programs under
# all their names, the completion, the client library by CMake and pkg-config. Usage: run.sh BUILD
set -euo pipefail
build=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix

expect() { # WHAT EXPECTED ACTUAL
  [[ $2 == "$3" ]] || { printf '%s: expected "%s", got "%s"\n' "$@" && exit 1; }
}

quietly() { "$@" >"$work/log" || { cat "$work/log" && exit 1; }; }

quietly cmake --install "$build" --prefix "$prefix"

for name in midge mosquitto mosquitto_pub mosquitto_sub mosquitto_passwd; do
  expect "$name" "$prefix/bin/midge" "$(readlink -f "$prefix/bin/$name")"
  bash -n "$prefix/share/bash-completion/completions/$name"
done
"$prefix/bin/midge" --version

quietly cmake -S "$here" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$prefix"
quietly cmake --build "$work/cmake"
expect "by CMake" "at rest" "$("$work/cmake/uses_midge")"

mapfile -t flags < <(
  PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name midge.pc)") pkg-config --cflags --libs midge |
    xargs -n 1)
"${CXX:-c++}" -std=c++20 "$here/main.cpp" "${flags[@]}" -o "$work/uses_midge"
expect "by pkg-config" "at rest" "$("$work/uses_midge")"
