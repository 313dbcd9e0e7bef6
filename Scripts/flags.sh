#!/bin/bash
# Build flags, for every script: what one script has built, the others use. (Sourced.)
#
# Release tests are built without testable imports and without XCTest, because
# `swift test -c release` alone compiles every dependency a second time.

RELEASE_FLAGS=(-c release)
TEST_FLAGS=(-c release --disable-testable-imports --disable-xctest)

# Targets without SwiftNIO, SQLite and YAML, in debug (PROST_LIGHT=1, see Package.swift).
LIGHT_FLAGS=(--scratch-path .build-light)
