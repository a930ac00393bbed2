#!/bin/sh
echo "$1-$2" >/root/by-script
echo said
