from benchmarks.history.search import main

main()
