#!/bin/sh
# Makes the recordings next to this file again; needs espeak-ng and opusenc (opus-tools).
set -eu
cd "$(dirname "$0")"
tail -n +2 words.tsv | while IFS="$(printf '\t')" read -r name voice speed pitch words; do
    espeak-ng -v "$voice" -s "$speed" -p "$pitch" --stdout "$words" |
        opusenc --quiet --bitrate 12 --downmix-mono --framesize 60 --serial 1 \
            --discard-comments --discard-pictures --padding 0 - "$name.opus"
done
