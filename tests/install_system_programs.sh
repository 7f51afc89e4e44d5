#!/bin/sh
# The programs that the tests need beside Python: installed by apt where that is allowed, else named.
packages="chromium ffmpeg espeak-ng sctk fonts-noto-core fonts-noto-cjk"
missing=""
command -v chromium >/dev/null || command -v google-chrome >/dev/null || missing="chromium"
command -v ffmpeg >/dev/null || missing="$missing ffmpeg"
command -v espeak-ng >/dev/null || missing="$missing espeak-ng"
command -v sctk >/dev/null || missing="$missing sctk"
if command -v fc-list >/dev/null; then
    fc-list :lang=zh | grep -q . || missing="$missing fonts-noto-cjk"
    fc-list :lang=fa | grep -q . || missing="$missing fonts-noto-core"
else
    missing="$missing fonts-noto-core fonts-noto-cjk"
fi
[ -z "$missing" ] && exit 0
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "Installing for the tests:$missing"
    apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $packages >/dev/null
elif command -v apt-get >/dev/null; then
    echo "The tests also need:$missing. Install them with: sudo apt-get install $packages"
else
    echo "The tests also need:$missing. Install them with your system's package manager."
fi
