"""Run scenarios on variants, find where their traces differ, and judge the differences."""
