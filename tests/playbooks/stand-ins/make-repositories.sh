#!/bin/sh
# Repositories with known commits, below the folder that is named: `one` with branches and tags, `sub`, and `super` with
# `sub` as a submodule.
set -e
cd "$1"
export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
export GIT_AUTHOR_DATE=2020-01-01T00:00:00Z GIT_COMMITTER_DATE=2020-01-01T00:00:00Z
new() { mkdir "$1"; git -C "$1" init -q; git -C "$1" symbolic-ref HEAD refs/heads/main; }
commit() { git -C "$1" add -A; git -C "$1" commit -q --allow-empty -m "$2"; }
new one
echo 1 > one/f; commit one 1; git -C one tag v1
echo 2 > one/f; commit one 2; git -C one tag -a v2 -m v2
git -C one checkout -q -b dev; echo d > one/d; commit one dev
git -C one checkout -q main; echo 3 > one/f; commit one 3
new sub
echo s > sub/s; commit sub s
new super
# Its address is relative, so that its commits are the same everywhere.
git -C super remote add origin "$1/super"
git -C super -c protocol.file.allow=always submodule --quiet add ../sub sub; commit super super
