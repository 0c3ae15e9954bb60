"""Time: hosts, drivers, udev, daemons and processes at work on the engine, each at its own pace.

A scenario whose steps include `elapse` is simulated. From one seed comes one run, an ordinary
trace; from many seeds comes how often each goal was met:

    from zonediff.compare.simulate.simulation import simulate
    from zonediff.compare.simulate.sample import sample

    trace = simulate(scenario, policy, seed=0)                # Trace
    counts = sample(scenario, policy, seed=0, seeds=1000)     # list[GoalCount], one a goal

`simulate` takes any scenario: one without `elapse` steps (see Scenario.timed) gives what the
engine's run() gives. docs/simulation.md describes the actors.
"""
