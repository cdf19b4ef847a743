#!/bin/sh
# Trunk's post-build hook: writes a loader beside each engine, with the engine's name and size,
# and makes what is shipped smaller.
set -eu
for engine in engine-cpu engine-webgpu; do
    size=$(wc -c <"$TRUNK_STAGING_DIR/${engine}_bg.wasm" | tr -d ' ')
    sed -e "s/@ENGINE@/$engine/" -e "s/@SIZE@/$size/" \
        "$TRUNK_SOURCE_DIR/www/engine-loader.js" >"$TRUNK_STAGING_DIR/$engine-loader.js"
done
if [ "$TRUNK_PROFILE" = release ]; then
    cd "$TRUNK_SOURCE_DIR"
    for wasm in "$TRUNK_STAGING_DIR"/*_bg.wasm; do
        node www/shorten-names.mjs "$wasm" "${wasm%_bg.wasm}.js"
    done
    for file in "$TRUNK_STAGING_DIR"/*.js "$TRUNK_STAGING_DIR"/*.css; do
        node_modules/.bin/esbuild --minify --log-level=error --allow-overwrite \
            "$file" --outfile="$file"
    done
fi
