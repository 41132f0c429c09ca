"""The launcher that `ndrfilter compile` writes: `ndrfilter filter` as a script that starts like nothing.

`first` is in the launcher itself and opens the kept files; `start` and `mark` deal with ordinary mail, with built-in
modules alone; `judge` deals with bounces, by `modules` and `patterns` out of one file; `whole` is what everything else
falls to. `write` makes it, by what `training` with its `samples` found out.
"""
