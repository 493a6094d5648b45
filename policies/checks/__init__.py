"""Our checks by topic. Ids are numbered across all files; `grep -r CKV_ROLLOUT_` shows the next free id."""
