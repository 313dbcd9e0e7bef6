#!/bin/bash
# libFuzzer and AddressSanitizer on decoding and verifying (verify), or on running what verifies (run).
#
#   Scripts/fuzz.sh verify [OPTION...]    options are libFuzzer's, -max_total_time=60
#   Scripts/fuzz.sh run [OPTION...]
#
# Begins with the programs of the vectors and the corpus that is kept. What is new and useful is in
# .build-fuzz/TARGET/corpus; with KEEP=1 it is merged into Tests/Fuzz/corpus.txt, a line each.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "Scripts/${0##*/}"; }

target=${1:-}
case $target in
    -h | --help) usage; exit 0 ;;
    verify) source=Tests/Fuzz/VerifyTarget.swift ;;
    run) source=Tests/Fuzz/RunTarget.swift ;;
    *) usage >&2; exit 64 ;;
esac
shift
out=.build-fuzz/$target
mkdir -p "$out/corpus"
quiet=(SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0)

flags=(-O -parse-as-library -swift-version 6 -package-name prost -sanitize=fuzzer,address -I "$out"
    -enforce-exclusivity=unchecked
    -enable-upcoming-feature InternalImportsByDefault -enable-upcoming-feature ExistentialAny
    -enable-upcoming-feature MemberImportVisibility)
objects=()
for module in Wire PeerletBytecode PeerletVM; do
    mapfile -t files < <(find "Sources/$module" -name '*.swift' | sort)
    swiftc "${flags[@]}" -wmo -module-name "$module" -emit-module \
        -emit-module-path "$out/$module.swiftmodule" -emit-object -o "$out/$module.o" "${files[@]}"
    objects+=("$out/$module.o")
done
swiftc "${flags[@]}" -module-name Fuzz "$source" Tests/PeerletVMTests/ProgramCheck.swift \
    "${objects[@]}" -o "$out/fuzz"

python3 - "$out/corpus" <<'PY'
import pathlib, sys
lines = [l.split(" | ")[1] for l in open("Spec/vectors/isa/programs.txt") if not l.startswith("#")]
kept = pathlib.Path("Tests/Fuzz/corpus.txt")
lines += kept.read_text().split() if kept.exists() else []
for number, line in enumerate(lines):
    pathlib.Path(sys.argv[1], f"seed-{number}").write_bytes(bytes.fromhex(line))
PY
env "${quiet[@]}" "$out/fuzz" -rss_limit_mb=2048 -timeout=10 -artifact_prefix="$out/" "$@" "$out/corpus"

if [ "${KEEP:-}" = 1 ]; then
    rm -rf "$out/merged" && mkdir "$out/merged"
    env "${quiet[@]}" "$out/fuzz" -merge=1 "$out/merged" "$out/corpus"
    python3 - "$out/merged" <<'PY'
import pathlib, sys
kept = pathlib.Path("Tests/Fuzz/corpus.txt")
lines = set(kept.read_text().split() if kept.exists() else [])
lines |= {p.read_bytes().hex() for p in pathlib.Path(sys.argv[1]).iterdir()}
# Small ones first, up to a quarter of a megabyte.
total, chosen = 0, []
for line in sorted(lines, key=lambda line: (len(line), line)):
    total += len(line) + 1
    if total > 250_000:
        break
    chosen.append(line)
kept.write_text("\n".join(chosen) + "\n")
PY
fi
