#!/bin/bash
# Build flags, for every script: what one script has built, the others use. (Sourced.)
#
# Release tests are built without testable imports and without XCTest, because
# `swift test -c release` alone compiles every dependency a second time.

# Without frame pointers: the interpreter's handlers have no frames (7 % of its time).
RELEASE_FLAGS=(-c release --omit-frame-pointers)
TEST_FLAGS=(-c release --omit-frame-pointers --disable-testable-imports --disable-xctest)

# Targets without SwiftNIO and SQLite, in debug (PROST_LIGHT=1, see Package.swift).
LIGHT_FLAGS=(--scratch-path .build-light)
