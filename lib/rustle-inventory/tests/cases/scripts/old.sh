#!/bin/sh
if [ "$1" = --list ]; then
  echo '{"old": ["o1", "o2"], "plain": {"hosts": ["o1"]}}'
elif [ "$2" = o1 ]; then
  echo '{"asked": "yes"}'
fi
