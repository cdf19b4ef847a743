#!/bin/sh
# Trunk's post-build hook: puts the WebGPU engine beside the other programs, writes a loader for each
# engine and the words of each language, and in a release makes what is shipped smaller, keeps it for
# when there is no line, and writes its security policy.
set -eu
cd "$TRUNK_SOURCE_DIR"
built=$TRUNK_STAGING_DIR
webgpu=target/webgpu/$TRUNK_PROFILE
if [ "$TRUNK_PROFILE" = release ]; then
    # `./dev build` builds it while trunk builds the rest.
    while kill -0 "$(cat target/webgpu/builder 2>/dev/null)" 2>/dev/null; do sleep 1; done
else
    # `./dev serve` builds it behind the page.
    cp www/webgpu-awaited.js "$built/engine-webgpu-loader.js"
fi
if [ -d "$webgpu" ]; then cp -R "$webgpu/." "$built"; fi
if [ "$TRUNK_PROFILE" = release ]; then
    for wasm in "$built"/*_bg.wasm; do
        node www/order-functions.mjs "$wasm"
        node www/shorten-names.mjs "$wasm" "${wasm%_bg.wasm}.js"
        case $wasm in
        # The page's own has a hash in its name.
        */app-*) ;;
        *) node www/stamp-program.mjs "$wasm" "${wasm%_bg.wasm}.js" ;;
        esac
    done
fi
node www/write-words.mjs "$built"
sh www/write-loaders.sh "$built"
if [ "$TRUNK_PROFILE" = release ]; then
    for file in "$built"/*.js "$built"/*.css; do
        node_modules/.bin/esbuild --minify --log-level=error --allow-overwrite "$file" --outfile="$file"
    done
    node www/write-version.mjs "$built"
    node www/write-policy.mjs "$built/index.html"
    node www/write-offline.mjs "$built"
fi
