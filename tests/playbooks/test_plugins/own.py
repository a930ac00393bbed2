class TestModule:
    def tests(self):
        return {"own_shouted": lambda text: text.isupper()}
