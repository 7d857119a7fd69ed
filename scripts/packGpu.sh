#!/usr/bin/env bash
# Packs what a Linux x64 machine with a GPU, but without network and without Node, needs to run the engine and bench/gpu: Node, the
# bundles, Dawn, koffi, the goldens, and Debian's Vulkan loader where apt can fetch it. Below 60 MB.
#   npm run build && scripts/packGpu.sh OUT     then there:  source OUT/unpack.sh; sparsescope doctor; sparsescope_bench
set -euo pipefail
out=${1:?usage: scripts/packGpu.sh OUT (run npm run build first)}
[ -f dist/cli.mjs ] || { echo "there is no dist/cli.mjs: run npm run build first" >&2; exit 1; }
rm -rf "$out"
app=$out/app
mkdir -p "$app/dist" "$app/goldens" "$app/node_modules/webgpu/dist" "$app/node_modules/@koromix"
cp dist/*.mjs dist/*.wasm "$app/dist/"
cp package.json "$app/"
npx esbuild bench/gpu/main.ts --bundle --platform=node --target=node20 --format=esm --main-fields=module,main --log-level=warning \
  --external:koffi --external:webgpu --outfile="$app/dist/benchGpu.mjs" \
  --banner:js="import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);"
cp node_modules/webgpu/{package.json,index.js} "$app/node_modules/webgpu/"
cp -r node_modules/webgpu/dist/linux-x64 "$app/node_modules/webgpu/dist/"
cp -r node_modules/koffi "$app/node_modules/"
cp -r node_modules/@koromix/koffi-linux-x64 "$app/node_modules/@koromix/"
cp -r test/fixtures/goldens/{opt,llama} "$app/goldens/"
tar -C "$out" -cf - app | xz -6 -T0 > "$out/app.tar.xz"
rm -rf "$app"
xz -6 -T0 -c "$(command -v node)" > "$out/node.xz"
(cd "$out" && apt-get download -q libvulkan1 > /dev/null 2>&1) || echo "libvulkan1 could not be fetched: the other machine needs its own" >&2
cat > "$out/unpack.sh" <<'UNPACK'
# Source this. Unpacks once beside TMPDIR and defines sparsescope, sparsescope_bench and node; nothing of the system is changed.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
to=${SPARSESCOPE_HOME:-${TMPDIR:-/tmp}/sparsescope}
if [ ! -x "$to/node" ]; then
  mkdir -p "$to/lib"
  if command -v xz > /dev/null; then
    xz -dc "$here/node.xz" > "$to/node"
    xz -dc "$here/app.tar.xz" | tar -C "$to" -xf -
  else
    python3 - "$here" "$to" <<'PYTHON'
import lzma, shutil, sys, tarfile
here, to = sys.argv[1:]
with lzma.open(here + "/node.xz") as source, open(to + "/node", "wb") as target: shutil.copyfileobj(source, target)
with tarfile.open(here + "/app.tar.xz") as archive: archive.extractall(to)
PYTHON
  fi
  chmod +x "$to/node"
  for package in "$here"/*.deb; do [ ! -f "$package" ] || dpkg -x "$package" "$to/lib"; done
fi
libraries=$(find "$to/lib" -name '*.so*' -exec dirname {} \; 2> /dev/null | sort -u | paste -sd:)
export PATH="$to:$PATH" LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
for icd in /usr/local/nvidia/share /usr/share /etc; do
  icd=$icd/vulkan/icd.d/nvidia_icd.json
  if [ -z "${VK_DRIVER_FILES:-}" ] && [ -f "$icd" ]; then export VK_DRIVER_FILES=$icd; fi
done
sparsescope() { "$to/node" "$to/app/dist/cli.mjs" "$@"; }
sparsescope_bench() { "$to/node" "$to/app/dist/benchGpu.mjs" "$@"; }
UNPACK
du -sh "$out" | cut -f1
