"""The engines that synthesize."""
