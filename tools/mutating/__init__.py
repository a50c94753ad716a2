"""`make mutate`: neutralises each refusal of `proofs/` and of the verifier in JavaScript in turn.

Some test must fail each time: a refusal that can be taken away unseen is held by no test. What is
neutralised, and how, is said by the finders: `statements` for Python, `compiled` for the kernels,
`javascript` for the verifier. All of them are changed at once in a copy of the tree, each behind a
switch of its own, and all switches are off: so the tests are collected once, one run of them all
tells which test reaches which refusal, and a mutant is a forked process that turns one switch on
and runs the tests that reach it (`session`).
"""
