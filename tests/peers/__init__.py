"""What went wrong elsewhere with clocks, ladders, schedulers and notices, as tests of ours."""
