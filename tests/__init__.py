"""The suite: mirrors rules, workflow and api; journeys in browser."""
