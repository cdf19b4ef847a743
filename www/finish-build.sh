#!/bin/sh
# Trunk's post-build hook: writes a loader beside each engine, with the engine's name and size, and
# the words of each language, and in a release makes what is shipped smaller, keeps it for when there is no line, and writes its
# security policy.
set -eu
cd "$TRUNK_SOURCE_DIR"
built=$TRUNK_STAGING_DIR
if [ "$TRUNK_PROFILE" = release ]; then
    for wasm in "$built"/*_bg.wasm; do
        node www/shorten-names.mjs "$wasm" "${wasm%_bg.wasm}.js"
    done
fi
node www/write-words.mjs "$built"
for engine in engine-cpu engine-webgpu; do
    [ -f "$built/${engine}_bg.wasm" ] || continue
    size=$(wc -c <"$built/${engine}_bg.wasm" | tr -d ' ')
    sed -e "s/@ENGINE@/$engine/" -e "s/@SIZE@/$size/" www/engine-loader.js >"$built/$engine-loader.js"
done
if [ "$TRUNK_PROFILE" = release ]; then
    for file in "$built"/*.js "$built"/*.css; do
        node_modules/.bin/esbuild --minify --log-level=error --allow-overwrite "$file" --outfile="$file"
    done
    node www/write-offline.mjs "$built"
    node www/write-policy.mjs "$built/index.html"
fi
