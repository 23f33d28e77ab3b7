#!/bin/sh
# install.sh NPM: fetches what package-lock.json names into this folder. Without the registry Tael is built without its page.
for try in 1 2; do
    if "$1" ci --ignore-scripts --no-audit --no-fund --loglevel=error --fetch-retries=1 --fetch-timeout=60000; then
        touch installed
        exit 0
    fi
    sleep 2
done
rm -rf node_modules dist
echo "page: its packages could not be fetched, so Tael is built without it; the next build tries again" >&2
