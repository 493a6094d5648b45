"""Tests of the engine `cdktn`, the fork of cdktf."""
