"""`python -m benchmarks.seeding ROWS SEED`: the people a fictional school's platform has already."""

import sys

import django


def main() -> None:
    django.setup()
    from legacy_import.demo.people import generate
    from legacy_import.demo.platform import seed_platform

    seed_platform(generate(int(sys.argv[1]), int(sys.argv[2])))


if __name__ == "__main__":
    main()
