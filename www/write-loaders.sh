#!/bin/sh
# Writes a loader beside each engine, and the trainer, in a built folder, with its name and size.
#
#     sh www/write-loaders.sh FOLDER
set -eu
built=$1
for engine in engine-cpu engine-webgpu trainer; do
    [ -f "$built/${engine}_bg.wasm" ] || continue
    size=$(wc -c <"$built/${engine}_bg.wasm" | tr -d ' ')
    # Whole or not at all, for the page may look at any moment.
    sed -e "s/@ENGINE@/$engine/" -e "s/@SIZE@/$size/" www/engine-loader.js >"$built/.loader"
    mv "$built/.loader" "$built/$engine-loader.js"
done
