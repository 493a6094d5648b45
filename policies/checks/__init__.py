"""Our checks, by theme. Ids run through all files; `ls` and `grep CKV_ROLLOUT_` show the next free one."""
