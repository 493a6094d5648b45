"""Tests of the evaluation of IAM policies, and of the roles' policies by it."""
