#!/bin/bash
# Checks for what a build needs and installs what is missing. (Sourced; `prerequisites [PACKAGE...]`
# takes what is needed beyond a build.) Exits 69 when something is missing that it cannot install.

readonly MINIMUM_SWIFT=6.3
readonly BUILD_PACKAGES=(libssl-dev libffi-dev libsqlite3-dev pkg-config)

prerequisites() {
    check_swift
    check_packages "${BUILD_PACKAGES[@]}" "$@"
}

check_swift() {
    local version
    if ! command -v swift >/dev/null; then
        echo "error: there is no Swift on this machine; PROST needs Swift $MINIMUM_SWIFT or later" >&2
        echo "help: install it from https://www.swift.org/install/linux/ and put it in PATH" >&2
        exit 69
    fi
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1)
    if [ -z "$version" ] ||
        [ "$(printf '%s\n' "$MINIMUM_SWIFT" "$version" | sort -V | head -n 1)" != "$MINIMUM_SWIFT" ]; then
        echo "error: this is Swift ${version:-of an unknown version} ($(command -v swift))," \
            "PROST needs $MINIMUM_SWIFT or later" >&2
        echo "help: install a newer one from https://www.swift.org/install/linux/" >&2
        exit 69
    fi
}

check_packages() {
    local package missing=() line
    if ! command -v dpkg-query >/dev/null; then
        echo "note: not a Debian system; these must be there under their names here: $*" >&2
        return
    fi
    for package in "$@"; do
        dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed$' ||
            missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return

    line="apt-get install -y --no-install-recommends ${missing[*]}"
    local administrator=()
    if [ "$(id -u)" -ne 0 ]; then
        if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
            administrator=(sudo)
        else
            echo "error: missing packages: ${missing[*]}" >&2
            echo "help: sudo apt-get update && sudo $line" >&2
            exit 69
        fi
    fi
    echo "installing ${missing[*]}"
    if ! "${administrator[@]}" apt-get update -qq ||
        ! "${administrator[@]}" env DEBIAN_FRONTEND=noninteractive $line >/dev/null; then
        echo "error: could not install ${missing[*]}" >&2
        echo "help: ${administrator[*]:+sudo }apt-get update && ${administrator[*]:+sudo }$line" >&2
        exit 69
    fi
}
