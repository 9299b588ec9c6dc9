def load():
    return []
def check(table, tests):
    return []
