"""Search of the design space: Optuna proposes points, the sweep's machinery runs them."""
