"""Small templates that grow, for the tests."""
