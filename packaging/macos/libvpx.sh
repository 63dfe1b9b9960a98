#!/usr/bin/env bash
# libvpx for both kinds of Mac in one archive, since brew's holds the kind it was installed on.
# `libvpx.sh FOLDER` makes FOLDER/include, FOLDER/lib/libvpx.a and FOLDER/lib/pkgconfig/vpx.pc. Needs git, make, nasm, lipo.
set -euo pipefail

# v1.16.0. A commit names its content, so nothing else can be fetched by it.
readonly COMMIT=1024874c5919305883187e2953de8fcb4c3d7fa6
readonly SOURCE=https://github.com/webmproject/libvpx

made=${1:?which folder}
mkdir -p "$made"
made=$(cd "$made" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

git init --quiet "$work/source"
git -C "$work/source" fetch --quiet --depth 1 "$SOURCE" "$COMMIT"
git -C "$work/source" checkout --quiet FETCH_HEAD

# macOS 12 is the oldest that tauri.conf.json names; darwin21 is its kernel.
export MACOSX_DEPLOYMENT_TARGET=12.0
for kind in arm64 x86_64; do
  mkdir "$work/$kind"
  (
    cd "$work/$kind"
    ../source/configure --target="$kind-darwin21-gcc" --enable-static --disable-shared --disable-vp9 \
      --disable-examples --disable-tools --disable-docs --disable-unit-tests --disable-webm-io --disable-libyuv \
      --prefix="$work/made-$kind"
    make --quiet -j "$(getconf _NPROCESSORS_ONLN)" install
  )
done

cp -R "$work/made-arm64/include" "$made/"
mkdir -p "$made/lib/pkgconfig"
lipo -create "$work/made-arm64/lib/libvpx.a" "$work/made-x86_64/lib/libvpx.a" -output "$made/lib/libvpx.a"
sed "s|^prefix=.*|prefix=$made|" "$work/made-arm64/lib/pkgconfig/vpx.pc" > "$made/lib/pkgconfig/vpx.pc"
