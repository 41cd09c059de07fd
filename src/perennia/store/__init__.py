"""The only room that speaks SQL for the product."""
