class FilterModule:
    def filters(self):
        return {"own_shout": lambda text, times=1, end="!": text.upper() + end * times, "own_break": lambda text: 1 / 0}
